{#- The seed's table with its rows in one statement. dbt-spark writes NULL as 'None' and does not escape quotes. -#}
{% macro sparksession__create_csv_table(model, agate_table) -%}
    {%- set given = model['config'].get('column_types', {}) -%}
    {%- set types = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set inferred = adapter.convert_type(agate_table, loop.index0) -%}
        {%- do types.append(sparksession__type(given.get(name, inferred))) -%}
    {%- endfor -%}
    {%- set sql -%}
        create table {{ this.render() }} {{ file_format_clause() }} {{ comment_clause() }} as
        select
            {%- for name in agate_table.column_names %}
            cast({{ adapter.quote(name) }} as {{ types[loop.index0] }}) as {{ adapter.quote(name) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from values
            {%- for row in agate_table.rows %}
            (
                {%- for value in row -%}
                {%- if value is none -%}
                cast(null as string)
                {%- else -%}
                '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
                {%- endif -%}
                {{ ', ' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- endfor %}
            as seed ({% for name in agate_table.column_names %}{{ adapter.quote(name) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endset -%}
    {%- call statement('_') -%}{{ sql }}{%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro sparksession__load_csv_rows(model, agate_table) -%}
    {{ return('') }}
{%- endmacro %}
