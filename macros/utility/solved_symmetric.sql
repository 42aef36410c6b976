{#-
    Solution of A x = r for a symmetric, positive definite A of each row, as a relation of the `keys`, x_1 .. x_n and
    the diagonal of the inverse, inverse_1 .. inverse_n. `relation` has the columns a_i_j (j <= i) and r_i.

    A = L D L' with L unit lower triangular, one column of L a subquery (Golub, Van Loan 2013, Matrix Computations,
    algorithm 4.1.2); x = M' D^-1 M r and diag(A^-1)_i = sum_k M_ki^2 / D_k with M = L^-1.
-#}
{% macro solved_symmetric(relation, size, keys) -%}
    {%- set state = namespace(sql=relation) -%}
    {%- for j in range(1, size + 1) -%}
        {%- set state.sql -%}
            (
                select
                    *,
                    {%- for i in range(j, size + 1) %}
                    {{ '(' if i > j }}a_{{ i }}_{{ j }}
                    {%- for k in range(1, j) %} - c_{{ i }}_{{ k }} * c_{{ j }}_{{ k }} / d_{{ k }}{%- endfor -%}
                    {{ ')' if i > j }} as {{ 'd_' ~ j if i == j else 'c_' ~ i ~ '_' ~ j }}{{ ',' if i < size }}
                    {%- endfor %}
                from {{ state.sql }} as column_{{ j }}
            )
        {%- endset -%}
    {%- endfor -%}
    {#- c_i_k = L_ik D_k. Row by row: m_i_j = -sum_k L_ik M_kj, M_jj = 1; y_i = r_i - sum_k L_ik y_k. -#}
    {%- for i in range(1, size + 1) -%}
        {%- set state.sql -%}
            (
                select
                    *,
                    {%- for j in range(1, i) %}
                    -c_{{ i }}_{{ j }} / d_{{ j }}
                    {%- for k in range(j + 1, i) %} - c_{{ i }}_{{ k }} / d_{{ k }} * m_{{ k }}_{{ j }}{%- endfor %}
                    as m_{{ i }}_{{ j }},
                    {%- endfor %}
                    r_{{ i }}
                    {%- for k in range(1, i) %} - c_{{ i }}_{{ k }} / d_{{ k }} * y_{{ k }}{%- endfor %} as y_{{ i }}
                from {{ state.sql }} as row_{{ i }}
            )
        {%- endset -%}
    {%- endfor -%}
    (
        select
            {{ keys | join(', ') }},
            {%- for i in range(1, size + 1) %}
            y_{{ i }} / d_{{ i }}
            {%- for k in range(i + 1, size + 1) %} + m_{{ k }}_{{ i }} * y_{{ k }} / d_{{ k }}{%- endfor %}
            as x_{{ i }},
            1e0 / d_{{ i }}
            {%- for k in range(i + 1, size + 1) %} + m_{{ k }}_{{ i }} * m_{{ k }}_{{ i }} / d_{{ k }}{%- endfor %}
            as inverse_{{ i }}{{ ',' if i < size }}
            {%- endfor %}
        from {{ state.sql }} as factored
    )
{%- endmacro %}
