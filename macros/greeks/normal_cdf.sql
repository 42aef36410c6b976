{#-
    Distribution function of the standard normal distribution, which no SQL engine has.

    Phi(-z) = exp(-z^2 / 2) / (1 + z) * P(t), z >= 0, t = (z - 5) / (z + 5): the form of Shepherd and Laframboise
    (1981), "Chebyshev approximation of (1 + 2x) exp(x^2) erfc(x) in 0 <= x < infinity", Mathematics of
    Computation 36(153). One polynomial serves the whole line, so no row takes another branch than its neighbour
    and the tails keep their digits. P is the Chebyshev expansion of degree 21, computed with 60 digits; its error
    is below that of the arithmetic. The linter reads what macros render to, minutes for this one, so for it
    (.sqlfluff) the function has a name.
-#}
{% macro normal_cdf(x) -%}
    {%- if var('is_linted', false) -%}
    normal_cdf({{ x }})
    {%- else -%}
    {%- set coefficients = [
        '0.46151582985003764e0',
        '-0.09155228183401112e0',
        '0.031030368425996276e0',
        '0.010002352385413518e0',
        '-0.026401042967610918e0',
        '0.024536963238891124e0',
        '-0.015170415382194151e0',
        '0.0065220007252342425e0',
        '-0.0016760725071201736e0',
        '7.79121440702919e-06',
        '0.00018233490375638885e0',
        '-5.360602125091952e-05',
        '-9.898304711862822e-06',
        '9.055745037072721e-06',
        '-6.622356838353682e-08',
        '-1.3004549261799018e-06',
        '1.2293076767873598e-07',
        '1.8846163807542468e-07',
        '-2.259986670943523e-08',
        '-2.54667816805072e-08',
        '2.0752306874165582e-09',
        '2.2070652717459774e-09',
    ] -%}
    {%- set z = 'abs(' ~ x ~ ')' -%}
    {%- set t = '((' ~ z ~ ' - 5e0) / (' ~ z ~ ' + 5e0))' -%}
    {%- set t4 = [t, t, t, t] | join(' * ') -%}
    {%- set polynomial = namespace(sql='') -%}
    {%- for block in coefficients | batch(4) | list | reverse -%}
        {%- set terms = namespace(sql=block[-1]) -%}
        {%- for coefficient in block[:-1] | reverse -%}
            {%- set terms.sql = coefficient ~ ' + ' ~ t ~ ' * (' ~ terms.sql ~ ')' -%}
        {%- endfor -%}
        {%- set polynomial.sql = terms.sql ~ (' + ' ~ t4 ~ ' * (' ~ polynomial.sql ~ ')' if polynomial.sql) -%}
    {%- endfor -%}
    {%- set tail = 'exp(-0.5e0 * ' ~ z ~ ' * ' ~ z ~ ') / (1e0 + ' ~ z ~ ') * (' ~ polynomial.sql ~ ')' -%}
    (0.5e0 * (1e0 + sign({{ x }})) - sign({{ x }}) * {{ tail }})
    {%- endif -%}
{%- endmacro %}
