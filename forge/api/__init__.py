"""HTTP: one blueprint per noun; handlers translate and decide nothing."""
