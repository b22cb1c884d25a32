"""How the tables came to be, step by step 数据库迁移; each step is a file in ``versions``."""
