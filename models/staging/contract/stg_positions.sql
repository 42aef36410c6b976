{{ staged_rows('positions') }}
