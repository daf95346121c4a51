"""Images in files of numbers, and in folders by class."""
