"""Where problems come from 问题来源: public reports, calls to the hotline, findings from above. Pure."""
