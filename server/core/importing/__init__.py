"""Reading what offices keep in tables 导入: text and cells into wanted records, every mistake by its row."""
