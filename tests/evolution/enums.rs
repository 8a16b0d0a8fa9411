//! Variants of a saved enum that come, go and change.

use super::change;

change! { variant_is_added: Continues("7 Card"),
    was { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Cash;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card, Voucher });
    }
}

change! {
    /// Postcard alone would take `Card` for `Cash`.
    variant_is_inserted_before_others: Continues("7 Card"),
    was { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Cash;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Voucher, Cash, Card });
    }
}

change! { variants_are_exchanged: Continues("7 Card(3)"),
    was { saves!(Kind = Kind::Card(3);
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash(u64), Card(u64) });
    }
    is { saves!(Kind = Kind::Cash(0);
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Card(u64), Cash(u64) });
    }
}

change! {
    /// The execution at hand has another value; one that has this would be lost.
    variant_is_removed: Stays("unknown variant `Cash`"),
    was { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Card });
    }
}

change! { removed_variant_becomes_another: Continues("7 Unknown"),
    was { saves!(Kind = Kind::Cash;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Card, #[serde(other)] Unknown });
    }
}

change! { variant_is_renamed_with_an_alias: Continues("7 Money(4)"),
    was { saves!(Kind = Kind::Cash(4);
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash(u64), Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Card, #[serde(alias = "Cash")] Money(u64) });
    }
}

change! { variant_is_renamed: Stays("unknown variant `Cash`"),
    was { saves!(Kind = Kind::Cash;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Card, Money });
    }
}

change! { field_of_a_variant_is_added: Continues("7 Card { number: 4, name: None }"),
    was { saves!(Kind = Kind::Card { number: 4 };
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card { number: u64 } });
    }
    is { saves!(Kind = Kind::Cash;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card { number: u64, name: Option<String> } });
    }
}

change! { variant_comes_to_carry_something: Stays("Cash"),
    was { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash(u64), Card });
    }
}

change! { variant_carries_nothing_any_more: Stays("what it carried would be lost"),
    was { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash(u64), Card });
    }
    is { saves!(Kind = Kind::Card;
        #[derive(Debug, Serialize, Deserialize)]
        enum Kind { Cash, Card });
    }
}

change! { variant_of_a_type_that_contains_itself_is_added: Continues("7 Both(One(1), Both(One(2), One(3)))"),
    was { saves!(Tree = Tree::Both(Box::new(Tree::One(1)), Box::new(Tree::Both(Box::new(Tree::One(2)), Box::new(Tree::One(3)))));
        #[derive(Debug, Serialize, Deserialize)]
        enum Tree { Both(Box<Tree>, Box<Tree>), One(u64) });
    }
    is { saves!(Tree = Tree::None;
        #[derive(Debug, Serialize, Deserialize)]
        enum Tree { None, One(u64), Both(Box<Tree>, Box<Tree>) });
    }
}

change! { enum_inside_a_variant_loses_one_of_its_own: Stays("unknown variant `Blue`"),
    was { saves!(Outer = Outer::Plain;
        #[derive(Debug, Serialize, Deserialize)]
        enum Inner { Red, Blue }
        #[derive(Debug, Serialize, Deserialize)]
        enum Outer { Plain, Painted(Inner) });
    }
    is { saves!(Outer = Outer::Plain;
        #[derive(Debug, Serialize, Deserialize)]
        enum Inner { Red }
        #[derive(Debug, Serialize, Deserialize)]
        enum Outer { Plain, Painted(Inner) });
    }
}
