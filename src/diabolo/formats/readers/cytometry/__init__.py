"""Files of flow cytometers."""
