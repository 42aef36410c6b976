def write_page(figures, folder): return ""
