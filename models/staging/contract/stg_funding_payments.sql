{{ staged_rows('funding_payments') }}
