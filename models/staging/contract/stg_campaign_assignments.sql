{{ staged_rows('campaign_assignments') }}
