{#-
    dbt's own macro, for facts by date one slice of dates after another: what a statement holds in memory grows with a
    slice and not with the history.
-#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- set slices = fact_slices() if not temporary and is_sliced() else [] -%}
    {%- if slices | length < 2 -%}
        {{ return(dbt.duckdb__create_table_as(
            temporary, relation, compiled_code, language, partitioned_by, sorted_by
        )) }}
    {%- endif -%}
    {%- for slice in slices %}
    set variable slice_first_date = date '{{ slice.first_date }}';
    set variable slice_last_date = date '{{ slice.last_date }}';
    {% if loop.first %}create table {{ relation }} as{% else %}insert into {{ relation }}{% endif %} (
        {{ compiled_code }}
    );
    {%- endfor %}
    reset variable slice_first_date;
    reset variable slice_last_date;
{%- endmacro %}
