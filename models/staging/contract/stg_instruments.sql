{{ staged_rows('instruments') }}
