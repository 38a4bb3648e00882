"""The process that carries out jobs, with torch. Its parent (`execution`) only starts it and reads its events."""
