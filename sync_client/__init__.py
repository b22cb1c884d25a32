"""The tablet 平板: record without signal, see what was written, meet the office when a network comes."""
