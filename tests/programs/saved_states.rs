//! What the states of an execution are.

use super::world::{World, report};
use durable::workflow;

#[workflow]
async fn states(world: &World, n: u64, name: String) -> String {
    let unused = n + 1;
    world.note_now(&unused.to_string());
    let used_now = world.ask(n).await;
    let moved = name;
    let kept = format!("{used_now}");
    let gone = kept.clone();
    world.note(gone).await;
    for line in vec![1u64, 2] {
        let item = line;
        #[at(Each)]
        world.ask(item).await;
    }
    let total: u64 = #[at(Left)]
    world.ask(1).await
        + #[at(Right)]
        world.ask(2).await;
    {
        let kept = total;
        #[at(Hidden)]
        world.ask(kept).await;
        #[at(HiddenAgain)]
        world.ask(kept).await;
    }
    format!("{moved}{kept}")
}
#[tokio::test]
async fn a_state_holds_what_is_alive_and_nothing_else() {
    let r = report(states::input(5, "x".into())).await;
    assert_eq!(
        r.states,
        [
            r#"Start { n: 5, name: "x" }"#,
            r#"Ask { n: 5, name: "x" }"#,
            r#"Note { moved: "x", kept: "5", gone: "5" }"#,
            r#"Each { moved: "x", kept: "5", line_at: [2], item: 1 }"#,
            r#"Each { moved: "x", kept: "5", line_at: [], item: 2 }"#,
            r#"Left { moved: "x", kept: "5" }"#,
            r#"Right { moved: "x", kept: "5", right_operand: 1 }"#,
            r#"Hidden { moved: "x", kept_outer: "5", kept: 3 }"#,
            r#"HiddenAgain { moved: "x", kept_outer: "5", kept: 3 }"#,
        ]
    );
}

macro_rules! awaiting {
    ($($point:ident)*) => {
        #[workflow]
        async fn large(world: &World, n: u64) -> Result<u64, String> {
            let mut sum = n;
            let twice = n * 2;
            $(
                #[at($point)]
                let even: u64 = world.even(twice).await?;
                sum += even;
            )*
            Ok(sum)
        }
    };
}
awaiting! {
P0 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22 P23 P24 P25 P26 P27 P28 P29
P30 P31 P32 P33 P34 P35 P36 P37 P38 P39 P40 P41 P42 P43 P44 P45 P46 P47 P48 P49 P50 P51 P52 P53 P54 P55 P56
P57 P58 P59 P60 P61 P62 P63 P64 P65 P66 P67 P68 P69 P70 P71 P72 P73 P74 P75 P76 P77 P78 P79 P80 P81 P82 P83
P84 P85 P86 P87 P88 P89 P90 P91 P92 P93 P94 P95 P96 P97 P98 P99 P100 P101 P102 P103 P104 P105 P106 P107 P108
P109 P110 P111 P112 P113 P114 P115 P116 P117 P118 P119 P120 P121 P122 P123 P124 P125 P126 P127 P128 P129 P130
P131 P132 P133 P134 P135 P136 P137 P138 P139 P140 P141 P142 P143 P144 P145 P146 P147 P148 P149 P150 P151 P152
P153 P154 P155 P156 P157 P158 P159 P160 P161 P162 P163 P164 P165 P166 P167 P168 P169 P170 P171 P172 P173 P174
P175 P176 P177 P178 P179 P180 P181 P182 P183 P184 P185 P186 P187 P188 P189 P190 P191 P192 P193 P194 P195 P196
P197 P198 P199 P200 P201 P202 P203 P204 P205 P206 P207 P208 P209 P210 P211 P212 P213 P214 P215 P216 P217 P218
P219 P220 P221 P222 P223 P224 P225 P226 P227 P228 P229 P230 P231 P232 P233 P234 P235 P236 P237 P238 P239 P240
P241 P242 P243 P244 P245 P246 P247 P248 P249 P250 P251 P252 P253 P254 P255 P256 P257 P258 P259 P260 P261 P262
P263 P264 P265 P266 P267 P268 P269 P270 P271 P272 P273 P274 P275 P276 P277 P278 P279 P280 P281 P282 P283 P284
P285 P286 P287 P288 P289 P290 P291 P292 P293 P294 P295 P296 P297 P298 P299
}
#[tokio::test]
async fn three_hundred_awaits() {
    let r = report(large::input(1)).await;
    assert_eq!(r.output, Ok(601));
    assert_eq!(r.commits, 302);
}
