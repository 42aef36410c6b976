{{ staged_rows('fills') }}
