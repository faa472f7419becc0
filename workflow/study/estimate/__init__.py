"""What a study is going to take, before it runs: time by short trials, memory and time limits of its jobs."""
