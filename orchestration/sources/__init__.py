"""How deliveries arrive: landing a file, watched folders. Plain Python, never imports Dagster."""
