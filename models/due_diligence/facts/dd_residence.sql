-- Lists of countries (seed country_lists) on which the residence is on the as-of date; `unlisted` if on none.
{{ listed_countries('country_of_residence') }}
