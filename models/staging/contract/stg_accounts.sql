{{ staged_rows('accounts') }}
