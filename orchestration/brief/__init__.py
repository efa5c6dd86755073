"""The brief: one page of Chinese HTML made from a published version.

`queries` holds the SQL (it is printed on the page: anyone can run it again), `content` turns
rows into what the page says, `render` makes the page. Publishing itself is next door in
`orchestration/publishing/`.
"""
