{{ staged_rows('quotes') }}
