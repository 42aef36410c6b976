{{ staged_rows('open_interest') }}
