{{ config(database='restricted') }}

{{ staged_rows('customers') }}
