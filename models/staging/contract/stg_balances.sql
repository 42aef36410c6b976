{{ staged_rows('balances') }}
