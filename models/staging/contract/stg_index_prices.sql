{{ staged_rows('index_prices') }}
