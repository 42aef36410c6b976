-- Lists of countries (seed country_lists) on which the nationality is on the as-of date; `unlisted` if on none.
{{ listed_countries('nationality') }}
