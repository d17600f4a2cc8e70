package simulator

// scene is the material that an order's story is told from.
type scene struct {
	id, dialCode          string
	passthrough           string
	group, voiceMail      string
	names, numbers        []string
	robot, user, agent    []string
	nodes, agents, labels []string
	messages              []string
	intents               []intent
	params, values        []string // the first param is given with the order
}

// scenes are a Chinese and two English dialogues. The numbers are from ranges
// kept for fiction or are too short to be dialled; the texts hold quotes,
// escapes, emoji and full-width signs on purpose.
var scenes = []scene{
	{
		id: "310021", dialCode: "+86100", passthrough: "批次二〇二六·第七组", group: "售后一组", voiceMail: "您好,我现在不方便接听,请留言。",
		names: []string{"王小明", "李娜", "张伟", "欧阳靖", "陈𠮷"}, numbers: []string{"9510001", "9510002", "9510088"},
		robot: []string{
			"您好,这里是晨光家电客服,请问您是机主本人吗?", "您上周购买的洗衣机已经安排配送,请问明天上午在家吗?",
			"好的,师傅会提前半小时联系您。", "请问送货地址还是原来的小区吗?", "需要我们帮您把旧机器拉走吗?",
			"安装大约需要四十分钟,请预留水龙头位置。", "还有其他问题可以帮您吗?", "感谢您的接听,祝您生活愉快,再见!",
		},
		user: []string{
			"对,我是。", "嗯,可以的。", "明天不行,后天下午吧。", "你说什么?我没听清", "好的好的", "地址没变,还是三号楼。",
			"旧机器不用拉走", "多少钱?", "我在开会\t晚点再打", "谢谢啊👍", "不需要了,已经退货了!",
		},
		agent:  []string{"您好,我是人工客服小周,工号\"8012\"。", "我帮您改到后天下午两点。", "这边已经登记好了,请放心。"},
		nodes:  []string{"开场白", "确认配送", "结束语"},
		agents: []string{"周敏", "赵强"}, labels: []string{"已改期", "投诉", "无需跟进"},
		messages: []string{"【晨光家电】您的配送已改为后天14:00,回复T退订。", "【晨光家电】未能联系到您,点击 https://s.example.com/a1 预约。"},
		intents:  []intent{{id: "1101", tag: "A", name: "同意配送"}, {id: "1102", tag: "B", name: "要求改期"}, {id: "1103", name: "转人工"}},
		params:   []string{"订单号", "配送时间", "楼层"}, values: []string{"后天14:00", "三层", "DD-20260711", "无"},
	},
	{
		id: "310022", dialCode: "+1555", passthrough: "segment=renewal;wave=3", group: "Renewals",
		voiceMail: "Hi, you've reached my voicemail. Leave a message after the tone.",
		names:     []string{"Alice Moreau", "Bob O'Neil", "Chidi \"CJ\" Anagonye", "Zoë Quinn"}, numbers: []string{"+15550100", "+15550101", "+15550142"},
		robot: []string{
			"Hello, this is Harbor Fitness with a short call about your membership. Am I speaking with the account holder?",
			"Great. Your plan renews on the first of next month; would you like to keep it as it is?",
			"I can offer you the yearly plan, which saves 20% compared with paying monthly.",
			"Would you like me to send the details by text message?", "May I ask what matters most to you in a gym?",
			"Understood. I have noted that on your account.", "Is there anything else I can help you with today?",
			"Thank you for your time & have a good day. Goodbye!",
		},
		user: []string{
			"Yes, speaking.", "Who is this?", "Uh, I guess so.", "No, cancel it please.", "How much would that be?", "Can I talk to a person?",
			"Sure, text me.", "Sorry, you're breaking up…", "It's too expensive <really>", "OK 🙂", "I said \"no\" last time, too.",
		},
		agent: []string{"Hi, this is Dana from the renewals team.", "I've applied the discount for you.", "You'll see it on your next bill."},
		nodes: []string{"Greeting", "Offer", "Details", "Closing"}, agents: []string{"Dana Fox", "Luis Ortega"},
		labels: []string{"renewed", "call back", "do not call"},
		messages: []string{
			"Harbor Fitness: your yearly plan details: https://s.example.com/hf9. Reply STOP to opt out.",
			"Harbor Fitness: sorry we missed you! Call us back any time.",
		},
		intents: []intent{{id: "2201", tag: "positive", name: "Wants to renew"}, {id: "2202", tag: "negative", name: "Wants to cancel"}, {id: "2203", name: "Asks for an agent"}},
		params:  []string{"plan", "promised_date", "reason"}, values: []string{"monthly", "2026-08-01", "price", "moving \\ relocating"},
	},
	{
		id: "310023", dialCode: "+1555", passthrough: `{"survey":"delivery","lang":"en"}`, group: "Care", voiceMail: "The person you are calling is not available.",
		names: []string{"Priya Natarajan", "Tom Baker", "Søren Kjær"}, numbers: []string{"+15550170", "+15550171"},
		robot: []string{
			"Good afternoon, this is an automated call about the parcel we delivered yesterday.", "Did it arrive in good condition?",
			"On a scale from one to five, how happy are you with the delivery?", "Thank you. What could we have done better?",
			"Would you like a colleague to call you back about this?", "That was all. Thank you, and goodbye.",
		},
		user: []string{
			"Yes, it did.", "The box was open.", "Five.", "Three, maybe four.", "The driver left it in the rain!", "No, that's fine.", "Yes please.", "Hello? Hello?",
		},
		agent: []string{"Hello, I'm sorry to hear about the parcel.", "We'll send you a replacement today.", "Is the address still the same?"},
		nodes: []string{"Greeting", "Condition", "Score"}, agents: []string{"Mei Lin", "Omar Haddad", "Ana"}, labels: []string{"replacement", "solved"},
		messages: []string{"Your replacement is on its way: https://s.example.com/p/77"},
		intents:  []intent{{id: "2301", tag: "A", name: "Satisfied"}, {id: "2302", tag: "C", name: "Damaged parcel"}},
		params:   []string{"parcel", "score"}, values: []string{"1", "3", "5", "PX-88-1"},
	},
}
