"""The same journey in other formats than HTML, one module a format."""
