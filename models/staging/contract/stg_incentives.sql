{{ staged_rows('incentives') }}
