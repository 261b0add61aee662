"""DOOR: network out. Asks, and says who must act next when there is no good answer."""
