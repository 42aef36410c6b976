{#- Stops a build whose registries and files do not fit together, with a sentence that names the entry or the file. -#}
{% macro check_registries() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test') -%}
    {%- set problems = [] -%}
    {%- set transforms = ['log1p', 'logit', 'fisher_z', 'asinh', 'identity'] -%}
    {%- set names = feature_columns() | map(attribute='name') | list -%}
    {%- set groups = var('trader_features') | map(attribute='group') | list -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
    {%- set files = models | map(attribute='name') | list -%}
    {%- set required = ['name', 'description', 'unit', 'data_type', 'transform', 'used_in_segmentation'] -%}
    {%- set known = required + ['count', 'requires', 'when_absent', 'group'] -%}
    {%- for group in groups if groups.count(group) > 1 -%}
        {%- do problems.append("vars.trader_features has the group '" ~ group ~ "' twice") -%}
    {%- endfor -%}
    {%- for column in feature_columns() -%}
        {%- set entry = "vars.trader_features, feature '" ~ column.group ~ '.' ~ column.name ~ "': " -%}
        {%- for key in required if key not in column -%}
            {%- do problems.append(entry ~ "'" ~ key ~ "' is missing") -%}
        {%- endfor -%}
        {%- for key in column if key not in known -%}
            {%- do problems.append(entry ~ "'" ~ key ~ "' is not a known key") -%}
        {%- endfor -%}
        {%- if column.transform is defined and column.transform not in transforms -%}
            {%- do problems.append(
                entry ~ "transform '" ~ column.transform ~ "' is none of " ~ transforms | join(', ')
            ) -%}
        {%- endif -%}
        {%- if names.count(column.name) > 1 -%}
            {%- do problems.append(entry ~ 'the name stands twice in the registry') -%}
        {%- endif -%}
        {%- if column.count is defined and column.count is string and column.count not in names -%}
            {%- do problems.append(entry ~ "count '" ~ column.count ~ "' is not a registered feature") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for file in files if file.startswith('feat_') and file[5:] not in groups -%}
        {%- do problems.append(
            'models/features/' ~ file ~ ".sql has no entry '" ~ file[5:] ~ "' in vars.trader_features"
        ) -%}
    {%- endfor -%}
    {%- set facts = var('due_diligence_facts') | map(attribute='fact') | list -%}
    {%- for entry in var('due_diligence_facts') -%}
        {%- set place = "vars.due_diligence_facts, fact '" ~ entry.fact ~ "': " -%}
        {%- for key in ['fact', 'description', 'unit'] if key not in entry -%}
            {%- do problems.append(place ~ "'" ~ key ~ "' is missing") -%}
        {%- endfor -%}
        {%- for key in entry if key not in ['fact', 'description', 'unit', 'details', 'requires'] -%}
            {%- do problems.append(place ~ "'" ~ key ~ "' is not a known key") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for fact in facts if facts.count(fact) > 1 -%}
        {%- do problems.append("vars.due_diligence_facts has the fact '" ~ fact ~ "' twice") -%}
    {%- endfor -%}
    {%- for file in files if file.startswith('dd_') and file[3:] not in facts -%}
        {%- do problems.append(
            'models/due_diligence/facts/' ~ file ~ ".sql has no entry '" ~ file[3:] ~ "' in vars.due_diligence_facts"
        ) -%}
    {%- endfor -%}
    {%- set campaigns = var('campaigns') | map(attribute='campaign') | list -%}
    {%- for entry in var('campaigns') -%}
        {%- set place = "vars.campaigns, campaign '" ~ entry.campaign ~ "': " -%}
        {%- for key in ['campaign', 'description', 'salt'] if key not in entry -%}
            {%- do problems.append(place ~ "'" ~ key ~ "' is missing") -%}
        {%- endfor -%}
        {%- for key in entry if key not in ['campaign', 'description', 'salt', 'control_share', 'cool_down_days'] -%}
            {%- do problems.append(place ~ "'" ~ key ~ "' is not a known key") -%}
        {%- endfor -%}
        {%- if not 0 <= entry.get('control_share', 0.1) <= 1 -%}
            {%- do problems.append(place ~ 'control_share is not between 0 and 1') -%}
        {%- endif -%}
        {%- if not modules.re.fullmatch('[a-z][a-z0-9_]*', entry.campaign) -%}
            {%- do problems.append(place ~ 'a name is of small letters, digits and underscores') -%}
        {%- endif -%}
        {%- if campaigns.count(entry.campaign) > 1 -%}
            {%- do problems.append("vars.campaigns has the campaign '" ~ entry.campaign ~ "' twice") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for file in files if file.startswith('audience_') and file[9:] not in campaigns + ['changes'] -%}
        {%- do problems.append(
            'models/campaigns/audiences/' ~ file ~ ".sql has no entry '" ~ file[9:] ~ "' in vars.campaigns"
        ) -%}
    {%- endfor -%}
    {%- set venue = active_venue() -%}
    {%- set prefix = 'stg_' ~ venue ~ '__' -%}
    {%- for file in files if file.startswith(prefix) and file[prefix | length:] not in var('venues')[venue].tables -%}
        {%- do problems.append('models/staging/' ~ venue ~ '/' ~ file ~ ".sql has no entry '" ~ file[prefix | length:]
            ~ "' in vars.venues." ~ venue ~ '.tables') -%}
    {%- endfor -%}
    {%- if problems -%}
        {{ exceptions.raise_compiler_error(
            'The registries in dbt_project.yml do not fit the files:\n- ' ~ problems | unique | join('\n- ')
        ) }}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
