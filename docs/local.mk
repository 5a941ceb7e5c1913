# Manual pages.
dist_man_MANS += docs/dencho.1
