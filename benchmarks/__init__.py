"""Speed, measured as ratios: what a sync costs beside a hand-written floor, on the same served data, in one run."""
