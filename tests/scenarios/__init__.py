"""What telephony must survive, scenario by scenario: each a test that bears its number."""
