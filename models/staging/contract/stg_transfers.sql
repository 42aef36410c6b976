{{ staged_rows('transfers') }}
