"""CRAFT: reports and registers as the files that offices hand in, PDF and XLSX.

Values come in, bytes go out: nothing is counted here, nothing read from a database. `wording` says what
stands around the figures, `grid` how a table is laid out; `pdf`, `workbook` and `register` write.
It reads its own template and fonts, and writes a register's rows where it is told to, nothing else.
Source: Nghị định 30/2020/NĐ-CP, phụ lục I (thể thức) and IV (sổ đăng ký văn bản).
"""
