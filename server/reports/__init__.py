"""Documents 报表文档: tables, texts and maps made from values; nothing here asks the database."""
