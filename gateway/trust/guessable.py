"""What people put together when they need a password quickly, here and elsewhere: small letters, no marks."""

_LISTED = """
password passwd matkhau matkhaumoi pass admin administrator quantri quantrivien root user guest test demo
login dangnhap welcome xinchao chaoban hello letmein iloveyou anhyeuem emyeuanh yeuem yeuanh iuem anhnhoem
vanthu lanhdao chuyenvien giamdoc phogiamdoc chutich bithu canbo congchuc vienchuc coquan donvi vanban congvan
lienthong truclienthong qlvb vanphong ubnd soyte sotaichinh sonoivu sotttt sokhcn chinhphu nhanuoc
vietnam hanoi saigon tphcm hochiminh danang haiphong cantho nghean thanhhoa quangninh dongnai binhduong
viettel vnpt mobifone vinaphone fpt bkav misa zalo facebook google
thaythe macdinh default changeme doimatkhau batmat bimat secret tuyetmat anninh baomat
nguyen tran pham hoang huynh
giadinh hanhphuc tinhyeu thanhcong maymai maiman thienthan congchua hoangtu
monkey dragon master football baseball sunshine princess shadow superman batman qwerty azerty asdf zxcv
january february spring summer autumn winter
abc abcd abc123 a1b2c3 qaz wsx edc rfv tgb
"""

GUESSABLE = frozenset(_LISTED.split())
