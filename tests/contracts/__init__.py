"""Contracts: one suite for whatever claims to do the same thing 契约测试."""
