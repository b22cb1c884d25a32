"""
The street office's day on its own PC 街道办电脑: who worked, who has not synced, what is late; offline.
"""
