"""
Photos on their way from this tablet 照片传送: what may travel when, reckoned, carried, and tidied away.

``sync_client.album`` holds what is known of them; ``sync_client.sending`` goes through it all, step by step.
"""
