"""A model as a map in one HTML file: drag a circle, and what the decoder makes of the place follows."""
