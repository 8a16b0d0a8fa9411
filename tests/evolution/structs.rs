//! Fields of a saved struct that come, go and change.

use super::change;

change! { field_with_a_default_is_added: Continues("7 Order { cents: 5, note: \"\" }"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { cents: 0, note: String::new() };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64, #[serde(default)] note: String });
    }
}

change! { optional_field_is_added: Continues("7 Order { note: None, cents: 5 }"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { cents: 0, note: None };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { note: Option<String>, cents: u64 });
    }
}

change! { field_without_a_default_is_added: Stays("missing field `note`"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { cents: 0, note: String::new() };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64, note: String });
    }
}

change! { field_is_removed: Continues("7 Order { cents: 5 }"),
    was { saves!(Order = Order { note: "n".into(), cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { note: String, cents: u64 });
    }
    is { saves!(Order = Order { cents: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
}

change! { field_is_removed_where_none_may_be_unknown: Stays("unknown field `note`"),
    was { saves!(Order = Order { note: "n".into(), cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { note: String, cents: u64 });
    }
    is { saves!(Order = Order { cents: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Order { cents: u64 });
    }
}

change! { field_is_renamed_with_an_alias: Continues("7 Order { amount: 5 }"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { amount: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { #[serde(alias = "cents")] amount: u64 });
    }
}

change! { field_is_renamed_in_rust_alone: Continues("7 Order { amount: 5 }"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { amount: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { #[serde(rename = "cents")] amount: u64 });
    }
}

change! { field_is_renamed: Stays("missing field `amount`"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Order = Order { amount: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { amount: u64 });
    }
}

change! { all_fields_are_renamed_by_an_attribute: Stays("missing field `unitPrice`"),
    was { saves!(Order = Order { unit_price: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { unit_price: u64 });
    }
    is { saves!(Order = Order { unit_price: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Order { unit_price: u64 });
    }
}

change! {
    /// Postcard alone would read each field's bytes as the other's.
    fields_of_one_type_are_exchanged: Continues("7 Order { to: 2, from: 1 }"),
    was { saves!(Order = Order { from: 1, to: 2 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { from: u64, to: u64 });
    }
    is { saves!(Order = Order { to: 0, from: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { to: u64, from: u64 });
    }
}

change! { field_of_a_nested_struct_is_added: Continues("7 [Line { sku: \"a\", count: 1 }]"),
    was { saves!(Vec<Line> = vec![Line { sku: "a".into() }];
        #[derive(Debug, Serialize, Deserialize)]
        struct Line { sku: String });
    }
    is { saves!(Vec<Line> = vec![];
        fn one() -> u32 { 1 }
        #[derive(Debug, Serialize, Deserialize)]
        struct Line { sku: String, #[serde(default = "one")] count: u32 });
    }
}

change! { struct_is_renamed: Continues("7 Purchase { cents: 5 }"),
    was { saves!(Order = Order { cents: 5 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { cents: u64 });
    }
    is { saves!(Purchase = Purchase { cents: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Purchase { cents: u64 });
    }
}

change! { tuple_becomes_a_struct: Stays("expected struct Order"),
    was { saves!((u64, u64) = (1, 2);); }
    is { saves!(Order = Order { from: 0, to: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { from: u64, to: u64 });
    }
}

change! { map_becomes_a_struct_of_its_keys: Stays("missing field"),
    was { saves!(BTreeMap<String, u64> = BTreeMap::from([("from".to_owned(), 1)]);); }
    is { saves!(Order = Order { from: 0 };
        #[derive(Debug, Serialize, Deserialize)]
        struct Order { from: u64 });
    }
}
