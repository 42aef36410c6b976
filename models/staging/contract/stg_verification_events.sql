{{ config(database='restricted') }}

{{ staged_rows('verification_events') }}
