//! What pieces of code mean for the names around them.

use super::*;
use syn::parse_quote;

fn names(names: &Names) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn inner_names_are_not_uses() {
    let facts = of_expr(&parse_quote!({
        let a = b;
        xs.iter().map(|c| a + c + d).sum::<u8>()
    }));
    assert_eq!(names(&facts.uses), ["b", "d", "xs"]);
}

#[test]
fn let_chains_bind_for_the_branch_only() {
    let facts = of_expr(&parse_quote!(if let Some(a) = a
        && a > b
    {
        a
    } else {
        c
    }));
    assert_eq!(names(&facts.uses), ["a", "b", "c"]);
}

#[test]
fn assignment_on_every_way_kills() {
    let facts = of_expr(&parse_quote!(if c {
        x = 1;
        y = 1
    } else {
        x = 2
    }));
    assert_eq!(names(&facts.kills), ["x"]);
    assert_eq!(names(&facts.assigns), ["x", "y"]);
    let facts = of_expr(&parse_quote!(match c {
        1 => x = 1,
        _ => return,
    }));
    assert_eq!(names(&facts.kills), ["x"]);
    let facts = of_expr(&parse_quote!('a: {
        x = 1;
        if c {
            break 'a;
        }
        y = 1;
    }));
    assert_eq!(names(&facts.kills), ["x"]);
    let facts = of_expr(&parse_quote!(loop {
        x = 1;
        if c {
            break;
        }
        y = 1;
    }));
    assert_eq!(names(&facts.kills), ["x"]);
    let facts = of_expr(&parse_quote!(while c {
        x = 1;
    }));
    assert_eq!(names(&facts.kills), [""; 0]);
}

#[test]
fn what_was_assigned_before_it_is_read_is_not_exposed() {
    let facts = of_expr(&parse_quote!(while more() {
        x = new();
        consume(x);
        if a {
            y = 1
        } else {
            y = z;
            continue 'outer;
        }
        y + v.iter().map(|i| i + x).sum()
    }));
    assert_eq!(names(&facts.exposed), ["a", "consume", "more", "new", "v", "z"]);
    assert_eq!(names(&facts.uses), ["a", "consume", "more", "new", "v", "x", "y", "z"]);
    assert_eq!(names(&facts.jumps[0].assigned), ["x", "y"]);
}

#[test]
fn what_may_not_have_been_assigned_is_exposed() {
    let uses = |code: Expr| of_expr(&code).exposed.into_iter().collect::<String>();
    assert_eq!(
        uses(parse_quote!({
            c && {
                x = 1;
                true
            };
            x
        })),
        "cx"
    );
    assert_eq!(
        uses(parse_quote!({
            if c {
                x = 1
            }
            x
        })),
        "cx"
    );
    assert_eq!(
        uses(parse_quote!({
            'a: {
                if c {
                    break 'a;
                }
                x = 1
            }
            x
        })),
        "cx"
    );
    assert_eq!(
        uses(parse_quote!({
            let f = || x = 1;
            x
        })),
        "x"
    );
    assert_eq!(
        uses(parse_quote!({
            x.part = 1;
            x
        })),
        "x"
    );
    assert_eq!(
        uses(parse_quote!({
            {
                let x = 1;
                x = 2
            }
            x
        })),
        "x"
    );
}

#[test]
fn jumps_of_inner_loops_stay_inside() {
    let facts = of_expr(&parse_quote!(loop {
        if a { break } else { continue 'outer }
    }));
    assert_eq!(facts.jumps.len(), 1);
    assert_eq!(facts.jumps[0].key, JumpKey { is_break: false, label: Some("outer".into()) });
}

#[test]
fn what_may_be_left_out_assigns_nothing_for_certain() {
    let facts = of_expr(&parse_quote!({
        #[cfg(windows)]
        {
            x = 1;
        }
        debug_assert!({
            y = 1;
            y > 0
        });
        z = 1;
        x + y + z
    }));
    assert_eq!((names(&facts.kills), names(&facts.exposed)), (vec!["z"], vec!["x", "y"]));
    let facts = of_expr(&parse_quote!(if a {
        x = 1;
    } else {
        #[cfg(windows)]
        return;
    }));
    assert_eq!(names(&facts.kills), [""; 0]);
}

#[test]
fn captured_names_in_strings_and_macros_are_uses() {
    let facts = of_stmt(&parse_quote!(println!("{x:?} {0:w$}", y.z);));
    assert_eq!(names(&facts.uses), ["w", "x", "y"]);
}

#[test]
fn patterns_in_the_operands_of_a_known_macro_bind() {
    let facts = of_expr(&parse_quote!(vec![match a {
        Some(b) => b,
        None => c,
    }]));
    assert_eq!(names(&facts.uses), ["a", "c"]);
    let facts = of_expr(&parse_quote!(format!("{a}{b}", b = c)));
    assert_eq!((names(&facts.uses), names(&facts.assigns)), (vec!["a", "b", "c"], vec![]));
    assert_eq!(names(&of_expr(&parse_quote!(write!(a, "{b}"))).touches), ["a"]);
}

#[test]
fn changes_are_told_from_reads() {
    let facts = of_expr(&parse_quote!({
        a += 1;
        b.c = d;
        f(&mut g, &h);
        i.push(j.len());
        k = 1
    }));
    assert_eq!(names(&facts.changes), ["a", "b", "g", "k"]);
    assert_eq!(names(&facts.touches), ["i"]);
}

#[test]
fn a_closure_leaves_assignments_around_it_alone() {
    let facts = of_expr(&parse_quote!({
        x = 1;
        v.iter().for_each(|y| z += y)
    }));
    assert_eq!((names(&facts.uses), names(&facts.kills)), (vec!["v", "z"], vec!["x"]));
}

#[test]
fn copies_behind_a_reference_pattern_are_known() {
    let names = pattern_names(&parse_quote!(&(a, ref b, mut c)));
    let known: Vec<_> = names.iter().map(|name| (name.copied, name.by_ref, name.mutable)).collect();
    assert_eq!(known, [(true, false, false), (false, true, false), (true, false, true)]);
}

#[test]
fn where_a_chain_holds_all_its_parts_have_assigned() {
    let facts = of_expr(&parse_quote!(while a && {
        x = 1;
        b
    } {
        x + 1;
    }));
    assert_eq!(names(&facts.exposed), ["a", "b"]);
    let facts = of_expr(&parse_quote!({
        if a && {
            x = 1;
            b
        } {
            x + 1;
        }
        x
    }));
    assert_eq!(names(&facts.exposed), ["a", "b", "x"]);
}
