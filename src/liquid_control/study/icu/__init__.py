"""In-hospital mortality on the PhysioNet/CinC Challenge 2012."""
