{% macro publish_marts() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'retry') -%}
        {%- set plan = {
            'command': flags.WHICH,
            'arguments': [],
            'build_id': build_id(),
            'results': [],
            'expected': [],
            'marts': [],
            'hash_trader_ids': var('hash_trader_ids', false),
        } -%}
        {#- Unit tests test the code, on rows of their own: a build without them is whole. -#}
        {%- for name, value in invocation_args_dict.items() if value -%}
            {%- if name != 'exclude_resource_types' or value | map('string') | list != ['unit_test'] -%}
                {%- do plan.arguments.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for result in results -%}
            {%- do plan.results.append({
                'unique_id': result.node.unique_id,
                'name': result.node.name,
                'resource_type': result.node.resource_type | string,
                'status': result.status | string,
            }) -%}
        {%- endfor -%}
        {%- set keys = {} -%}
        {%- for test in graph.nodes.values() if test.resource_type == 'test' and test.test_metadata -%}
            {%- set arguments = test.test_metadata.kwargs -%}
            {%- if test.test_metadata.name == 'unique_combination' -%}
                {%- do keys.update({test.attached_node: arguments.columns}) -%}
            {%- elif test.test_metadata.name == 'unique' -%}
                {%- do keys.setdefault(test.attached_node, [arguments.column_name]) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values() if node.config.materialized != 'ephemeral' -%}
            {%- if node.resource_type in ('model', 'seed', 'snapshot', 'test') -%}
                {%- do plan.expected.append(node.unique_id) -%}
            {%- endif -%}
            {%- if node.resource_type == 'model' and node.fqn[1] == 'marts' -%}
                {%- set when_hashed = {} -%}
                {%- set columns = {} -%}
                {%- for column in node.columns.values() -%}
                    {%- do columns.update({column.name: column.description}) -%}
                    {%- if column.meta.when_hashed -%}
                        {%- do when_hashed.update({column.name: column.meta.when_hashed}) -%}
                    {%- endif -%}
                {%- endfor -%}
                {%- do plan.marts.append({
                    'name': node.alias,
                    'schema': node.schema,
                    'description': node.description,
                    'columns': columns,
                    'key': keys.get(node.unique_id, []),
                    'when_hashed': when_hashed,
                    'readers': node.config.grants.select or [],
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {{ publish_plan(plan) }}
    {%- endif -%}
{%- endmacro %}
