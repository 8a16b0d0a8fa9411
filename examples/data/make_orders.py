#!/usr/bin/env python3
"""Writes the orders of the example `place_order`, one JSON object per line, to standard output.

    python3 examples/data/make_orders.py > examples/data/orders.jsonl
    python3 examples/data/make_orders.py --count 50 --seed 7 > /tmp/few.jsonl

The same count and seed give the same bytes. What becomes of an order depends on the order alone:

- a quantity above 50 is more than the warehouse has of anything: out of stock;
- a card that begins with `tok_declined` is declined, after the stock was reserved;
- 1,000.00 and more need an approval, and from 4,000.00 on the approver says no;
- a coupon that the shop does not know, or no longer knows, gives no discount.
"""

import argparse
import json
import random

FIRST = """Ada Amara Anton Beatriz Chen Dmitri Elif Emeka Fatima Grace Hana Henrik Ines Ivan Jun Kofi Lena Linus Mateo Mei
Milan Nadia Noor Olga Omar Priya Rafael Rosa Sami Sofia Tariq Thandi Tomas Uma Viktor Wanjiru Yara Yuki Zofia Zoltan""".split()
LAST = """Abebe Almeida Andersson Bauer Chowdhury Costa Dang Eriksen Fischer Garcia Haddad Horvat Ito Ivanova Jensen Kamau
Kim Kowalski Larsen Lopez Moreau Nakamura Nguyen Novak Okafor Patel Petrov Quispe Rossi Sato Schmidt Silva Tanaka
Toure Usman Vargas Wang Weber Yilmaz Zhang""".split()

# SKU, price in cents.
GOODS = [
    ("TEA-SENCHA-100G", 1250), ("TEA-DARJEELING-250G", 2190), ("TEA-ROOIBOS-100G", 690), ("TEA-MATCHA-30G", 2900),
    ("COFFEE-YIRGACHEFFE-1KG", 3450), ("COFFEE-HUILA-250G", 1090), ("COFFEE-DECAF-500G", 1790),
    ("CUP-STONEWARE-GREY", 1490), ("CUP-STONEWARE-BLUE", 1490), ("CUP-ESPRESSO-SET-4", 3900), ("POT-CAST-IRON-08L", 6900),
    ("POT-GLASS-12L", 3200), ("KETTLE-GOOSENECK", 8900), ("KETTLE-ELECTRIC-17L", 12900), ("GRINDER-HAND", 11900),
    ("GRINDER-ELECTRIC", 24900), ("SCALE-01G", 4900), ("FILTER-PAPER-100", 590), ("FILTER-CLOTH-3", 1190),
    ("PRESS-FRENCH-1L", 3900), ("PRESS-AEROPRESS", 3990), ("MACHINE-ESPRESSO-E61", 139900), ("MACHINE-ESPRESSO-MINI", 54900),
    ("BOOK-WORLD-OF-TEA", 2800), ("HONEY-ACACIA-500G", 1150), ("CHOCOLATE-70-PERU", 520), ("BISCOTTI-ALMOND-200G", 640),
]
CARDS_GOOD = ["tok_visa", "tok_mastercard", "tok_amex", "tok_jcb", "tok_sepa_debit"]
CARDS_BAD = ["tok_declined_insufficient_funds", "tok_declined_expired_card", "tok_declined_stolen_card"]
COUPONS = ["WELCOME5", "SPRING10", "SPRING10", "TEATIME15", "VIP20"]
COUPONS_STALE = ["SUMMER19", "XMAS-2020", "spring10"]


def one_of(rng, weighted):
    return rng.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def make_order(rng, number):
    name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
    goods = rng.sample(GOODS, one_of(rng, [(1, 18), (2, 30), (3, 26), (4, 16), (5, 7), (6, 3)]))
    lines = []
    for sku, price_cents in goods:
        quantity = 1 if price_cents > 20000 else one_of(rng, [(1, 60), (2, 24), (3, 9), (6, 5), (12, 2)])
        lines.append({"sku": sku, "quantity": quantity, "price_cents": price_cents})
    fate = rng.random()
    if fate < 0.06:  # More than there is; not always on the first line, so that some holds must be released.
        rng.choice(lines)["quantity"] = rng.choice([60, 75, 100, 144])
    elif fate < 0.09:  # A cafe opens.
        lines.append({"sku": "CUP-STONEWARE-WHITE", "quantity": rng.choice([40, 48]), "price_cents": 1490})
        lines.append({"sku": "MACHINE-ESPRESSO-E61-PRO", "quantity": rng.choice([1, 1, 2]), "price_cents": 189900})
    card = rng.choice(CARDS_BAD) if 0.10 < fate < 0.17 else rng.choice(CARDS_GOOD)
    coupon = one_of(rng, [(None, 70), (rng.choice(COUPONS), 25), (rng.choice(COUPONS_STALE), 5)])
    email = name.lower().replace(" ", ".") + f"{rng.randrange(1, 100)}@example.com"
    order = {"id": f"order-{number}", "customer": {"name": name, "email": email}, "lines": lines, "card": card}
    if coupon:
        order["coupon"] = coupon
    return order


def main():
    parser = argparse.ArgumentParser(description="Writes orders for the example `place_order`.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2024)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    for number in range(1, args.count + 1):
        print(json.dumps(make_order(rng, number), separators=(",", ":")))


if __name__ == "__main__":
    main()
