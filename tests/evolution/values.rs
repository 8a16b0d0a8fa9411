//! Saved values whose type becomes another one.

use super::change;

change! { integer_is_widened: Continues("7 5"),
    was { saves!(u32 = 5;); }
    is { saves!(u64 = 0;); }
}

change! { unsigned_integer_becomes_a_wider_signed_one: Continues("7 5"),
    was { saves!(u32 = 5;); }
    is { saves!(i64 = 0;); }
}

change! {
    /// This value would fit.
    integer_is_narrowed: Stays("`value` was u64 and is u32, so that some numbers do not fit"),
    was { saves!(u64 = 5;); }
    is { saves!(u32 = 0;); }
}

change! { signed_integer_becomes_unsigned: Stays("`value` was i64 and is u64"),
    was { saves!(i64 = 5;); }
    is { saves!(u64 = 0;); }
}

change! { float_is_widened: Continues("7 1.5"),
    was { saves!(f32 = 1.5;); }
    is { saves!(f64 = 0.0;); }
}

change! { number_becomes_text: Stays("invalid type: integer"),
    was { saves!(u64 = 5;); }
    is { saves!(String = String::new();); }
}

change! { number_is_wrapped: Continues("7 Cents(5)"),
    was { saves!(u64 = 5;); }
    is { saves!(Cents = Cents(0);
        #[derive(Debug, Serialize, Deserialize)]
        struct Cents(u64););
    }
}

change! { number_is_unwrapped: Continues("7 5"),
    was { saves!(Cents = Cents(5);
        #[derive(Debug, Serialize, Deserialize)]
        struct Cents(u64););
    }
    is { saves!(u64 = 0;); }
}

change! { value_becomes_optional: Continues("7 Some(5)"),
    was { saves!(u64 = 5;); }
    is { saves!(Option<u64> = None;); }
}

change! { optional_value_is_required: Stays("invalid type: Option value"),
    was { saves!(Option<u64> = Some(5);); }
    is { saves!(u64 = 0;); }
}

change! { one_sequence_becomes_another: Continues("7 [1, 2]"),
    was { saves!(Vec<u64> = vec![1, 2];); }
    is { saves!(VecDeque<u64> = VecDeque::new();); }
}

change! { elements_are_widened: Continues("7 {\"a\": [1, 2]}"),
    was { saves!(BTreeMap<String, Vec<u8>> = BTreeMap::from([("a".to_owned(), vec![1, 2])]);); }
    is { saves!(BTreeMap<String, Vec<u32>> = BTreeMap::new();); }
}

change! { tuple_is_longer: Stays("invalid length 2"),
    was { saves!((u64, u64) = (1, 2);); }
    is { saves!((u64, u64, u64) = (1, 2, 3);); }
}

change! {
    /// Of the made-up values, one is an address.
    neighbour_of_a_value_that_is_checked_is_added: Continues("7 Customer { email: Email(\"ada@example.com\"), vip: false }"),
    was { saves!(Customer = Customer { email: Email("ada@example.com".into()) };
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        struct Email(String);
        impl TryFrom<String> for Email {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.contains('@').then_some(Self(text)).ok_or("no address")
            }
        }
        #[derive(Debug, Serialize, Deserialize)]
        struct Customer { email: Email });
    }
    is { saves!(Customer = Customer { email: Email(String::new()), vip: true };
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        struct Email(String);
        impl TryFrom<String> for Email {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.contains('@').then_some(Self(text)).ok_or("no address")
            }
        }
        #[derive(Debug, Serialize, Deserialize)]
        struct Customer { email: Email, #[serde(default)] vip: bool });
    }
}

change! {
    /// The shape is the same, and so it is not looked into.
    check_of_a_value_changes: Continues("7 Password(\"secret\")"),
    was { saves!(Password = Password("secret".into());
        #[derive(Debug, Serialize, Deserialize)]
        struct Password(String););
    }
    is { saves!(Password = Password(String::new());
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(from = "String")]
        struct Password(String);
        impl From<String> for Password {
            fn from(text: String) -> Self { Self(text) }
        });
    }
}

change! {
    /// Its shape is not recorded; within one version it is the program's own affair.
    opaque_value_stays_of_its_version: Continues("7 Plate(\"plate:B\")"),
    was { saves!(durable::Opaque<Plate, 1> = durable::Opaque::new(Plate("plate:B".into()));
        #[derive(Clone, Debug, Serialize, Deserialize)]
        struct Plate(String););
    }
    is { saves!(durable::Opaque<Plate, 1> = durable::Opaque::new(Plate(Box::default()));
        #[derive(Clone, Debug, Serialize, Deserialize)]
        struct Plate(Box<str>););
    }
}

change! { opaque_value_has_another_version: Stays("missing field `v2`"),
    was { saves!(durable::Opaque<u64, 1> = durable::Opaque::new(5);); }
    is { saves!(durable::Opaque<u64, 2> = durable::Opaque::new(0);); }
}
