"""`make bench`: the page beside others, in one run. `questions` says what is asked of them."""
